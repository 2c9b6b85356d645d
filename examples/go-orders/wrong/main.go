// A worker that takes orders from a Kafka topic and inserts a row for each.
//
// "We commit the offset after the row is stored, so nothing is lost or doubled."
// A crash between the two stores the row again.
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
		_, err := tx.Exec(ctx,
			"insert into orders (id, customer, n, sum) values ($1, $2, $3, $4)",
			order.ID, order.Customer, order.N, order.Sum)
		return err
	})
}
