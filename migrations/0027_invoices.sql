-- Invoices: what was issued under which number, and what became of it.

create table invoice (
    tenant_id       text        collate "C" not null,
    id              text        collate "C" not null,
    number          bigint      not null,
    subscription    text        collate "C" not null,
    customer        text,
    first_day       date        not null,
    last_day        date        not null,
    stage           text        not null,
    place           int         not null,
    counted_up_to   bigint      not null,
    status          text        not null,
    currency        text        not null,
    total           numeric     not null,
    paid            numeric     not null,
    credited        numeric     not null,
    outstanding     numeric     not null,
    bill            jsonb       not null,
    credit_notes    jsonb       not null,
    disputes        jsonb       not null,
    difference      jsonb,
    voided_position bigint,
    created_at      timestamptz not null,
    changed_at      timestamptz not null,
    position        bigint      not null,
    primary key (tenant_id, id)
);
create index invoice_newest on invoice (tenant_id, created_at desc, id desc);
create index invoice_of_subscription on invoice (tenant_id, subscription, place);
create index invoice_by_number on invoice (tenant_id, number desc);

grant select, insert, update, delete, truncate on invoice to annals_projector;
grant select on invoice to annals_gateway;
alter table invoice enable row level security;
create policy invoice_folded on invoice to annals_projector using (true) with check (true);
create policy invoice_of_the_tenant on invoice for select to annals_gateway using (tenant_id = current_tenant());
