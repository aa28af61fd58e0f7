-- Prices of models that a tenant has set.

create table model_price (
    tenant_id  text        collate "C" not null,
    id         text        collate "C" not null,
    provider   text        collate "C" not null,
    model      text        collate "C" not null,
    prices     jsonb       not null,
    created_at timestamptz not null,
    changed_at timestamptz not null,
    position   bigint      not null,
    primary key (tenant_id, id)
);
create index model_price_newest on model_price (tenant_id, created_at desc, id desc);
create index model_price_by_model on model_price (tenant_id, model, id);
create index model_price_by_provider on model_price (tenant_id, provider, id);

grant select, insert, update, delete, truncate on model_price to annals_projector;
grant select on model_price to annals_gateway;
alter table model_price enable row level security;
create policy model_price_folded on model_price to annals_projector using (true) with check (true);
create policy model_price_of_the_tenant on model_price for select to annals_gateway
    using (tenant_id = current_tenant());
