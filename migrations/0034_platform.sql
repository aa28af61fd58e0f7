-- What the platform's administrator sees of all tenants: what bears on their accounts, and what they used a month.

create table account_history (
    tenant_id text   collate "C" not null,
    kind      text   collate "C" not null,
    id        text   collate "C" not null,
    facts     jsonb  not null,
    position  bigint not null,
    primary key (tenant_id, kind, id)
);

create table platform_usage (
    tenant_id text    collate "C" not null,
    month     date    not null,
    meter     text    collate "C" not null,
    member    text    collate "C" not null,
    quantity  numeric not null,
    events    bigint  not null,
    position  bigint  not null,
    primary key (tenant_id, month, meter, member)
);
create index platform_usage_of_the_month on platform_usage (month);

do $$
declare
    model text;
begin
    foreach model in array array['account_history', 'platform_usage'] loop
        execute format('grant select, insert, update, delete, truncate on %I to annals_projector', model);
        execute format('grant select on %I to annals_gateway', model);
        execute format('alter table %I enable row level security', model);
        execute format('create policy %I on %I to annals_projector using (true) with check (true)', model || '_folded', model);
        execute format(
            'create policy %I on %I for select to annals_gateway using (tenant_id = current_tenant())',
            model || '_of_the_tenant', model
        );
        execute format(
            'create policy %I on %I for select to annals_gateway using (current_setting(''annals.platform'', true) = ''on'')',
            model || '_for_the_platform', model
        );
    end loop;
end
$$;
