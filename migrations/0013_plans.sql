-- Plans of a tenant's own.

create table plan (
    tenant_id  text        collate "C" not null,
    id         text        collate "C" not null,
    name       text        collate "C" not null,
    versions   jsonb       not null,
    created_at timestamptz not null,
    changed_at timestamptz not null,
    position   bigint      not null,
    primary key (tenant_id, id)
);
create index plan_newest on plan (tenant_id, created_at desc, id desc);

grant select, insert, update, delete, truncate on plan to annals_projector;
grant select on plan to annals_gateway;
alter table plan enable row level security;
create policy plan_folded on plan to annals_projector using (true) with check (true);
create policy plan_of_the_tenant on plan for select to annals_gateway using (tenant_id = current_tenant());
