-- What has arrived. Only the program in `right` writes here.
create table inbox (
    id text primary key
);

-- Nothing here keeps an order from being recorded twice: many real tables have
-- a key of their own and hold the id of the order as one more column.
create table orders (
    row_id bigint generated always as identity primary key,
    id text not null,
    customer text not null,
    n bigint not null,
    sum text not null
);
