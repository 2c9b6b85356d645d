// A worker that takes orders from a Kafka topic and inserts a row for each, once.
//
// The order's id goes into an inbox in the transaction that stores the row: an
// order that Kafka gives out again finds its id there and is left alone.
package main

import (
	"context"

	"github.com/jackc/pgx/v5"

	"example.com/go-orders/internal/service"
)

func main() {
	service.Main(store)
}

func store(ctx context.Context, db *pgx.Conn, order service.Order) error {
	return service.InTransaction(ctx, db, func(ctx context.Context, tx pgx.Tx) error {
		taken, err := tx.Exec(ctx,
			"insert into inbox (id) values ($1) on conflict do nothing", order.ID)
		if err != nil || taken.RowsAffected() == 0 {
			return err
		}
		_, err = tx.Exec(ctx,
			"insert into orders (id, customer, n, sum) values ($1, $2, $3, $4)",
			order.ID, order.Customer, order.N, order.Sum)
		return err
	})
}
