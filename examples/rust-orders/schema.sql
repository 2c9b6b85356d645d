create table orders (
    id       text   not null,
    customer text   not null,
    n        bigint not null,
    sum      text   not null
);

-- What was booked already. Only `orders-right` looks here.
create table inbox (id text primary key);
