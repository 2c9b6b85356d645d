-- One row per order that was taken. The key refuses a second one.
create table orders (
    id       text   primary key,
    customer text   not null,
    n        bigint not null,
    sum      text   not null
);

-- The confirmations that are to be sent, one for each order, and when each was
-- taken by the mail server. Only `right` writes it.
create table outbox (
    id      text        primary key references orders (id),
    sent_at timestamptz
);
