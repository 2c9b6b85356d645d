-- One row per order that was taken, and nothing that would refuse a second one.
create table orders (
    id       text   not null,
    customer text   not null,
    n        bigint not null,
    sum      text   not null
);

-- The orders that were taken already, by id. Only `right` writes it.
create table inbox (
    id text primary key
);
