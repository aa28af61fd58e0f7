-- Meters: a tenant's own, what meters measured by the hour, and the events that they could not count.

create table meter (
    tenant_id  text        collate "C" not null,
    id         text        collate "C" not null,
    label      text        not null,
    event_type text        not null,
    unit       text        not null,
    version    int         not null,
    versions   jsonb       not null,
    status     text        not null,
    reason     text,
    created_at timestamptz not null,
    changed_at timestamptz not null,
    position   bigint      not null,
    primary key (tenant_id, id)
);
create index meter_newest on meter (tenant_id, created_at desc, id desc);

create table metered_usage (
    tenant_id       text        collate "C" not null,
    meter           text        collate "C" not null,
    version         int         not null,
    hour            timestamptz not null,
    group_key       text        collate "C" not null,
    member          text        collate "C" not null,
    events          bigint      not null,
    sum             numeric     not null,
    weighted        numeric     not null,
    least           numeric,
    most            numeric,
    latest          numeric,
    latest_at       timestamptz,
    latest_position bigint,
    position        bigint      not null,
    primary key (tenant_id, meter, version, hour, group_key, member)
);

create table quarantined_usage (
    tenant_id   text        collate "C" not null,
    meter       text        collate "C" not null,
    version     int         not null,
    event_id    text        collate "C" not null,
    event_type  text        not null,
    occurred_at timestamptz not null,
    reason      text        not null,
    position    bigint      not null,
    primary key (tenant_id, meter, version, event_id)
);
create index quarantined_usage_newest on quarantined_usage (tenant_id, occurred_at desc, event_id desc);

do $$
declare
    model text;
begin
    foreach model in array array['meter', 'metered_usage', 'quarantined_usage'] loop
        execute format('grant select, insert, update, delete, truncate on %I to annals_projector', model);
        execute format('grant select on %I to annals_gateway', model);
        execute format('alter table %I enable row level security', model);
        execute format('create policy %I on %I to annals_projector using (true) with check (true)', model || '_folded', model);
        execute format(
            'create policy %I on %I for select to annals_gateway using (tenant_id = current_tenant())',
            model || '_of_the_tenant', model
        );
    end loop;
end
$$;
