-- Return on investment: what became of leads, opportunities, claims and runs; the use of models; baselines; snapshots.

create table roi_journey (
    tenant_id   text        collate "C" not null,
    kind        text        collate "C" not null,
    id          text        collate "C" not null,
    vertical    text        collate "C" not null,
    agent       text,
    lead        text,
    opportunity text,
    claim       text,
    owner       text,
    first_at    timestamptz not null,
    last_at     timestamptz not null,
    facts       jsonb       not null,
    position    bigint      not null,
    primary key (tenant_id, kind, id)
);
create index roi_journey_by_time on roi_journey (tenant_id, vertical, last_at);

create table model_use (
    tenant_id      text        collate "C" not null,
    vertical       text        collate "C" not null,
    quarter        timestamptz not null,
    agent          text        collate "C" not null,
    provider       text        collate "C" not null,
    model          text        collate "C" not null,
    calls          bigint      not null,
    input_tokens   bigint      not null,
    cached_tokens  bigint      not null,
    output_tokens  bigint      not null,
    recorded_calls bigint      not null,
    recorded       jsonb       not null,
    position       bigint      not null,
    primary key (tenant_id, vertical, quarter, agent, provider, model)
);
create index model_use_by_time on model_use (tenant_id, quarter);

create table roi_baseline (
    tenant_id     text        collate "C" not null,
    id            text        collate "C" not null,
    name          text        collate "C" not null,
    vertical      text        collate "C",
    basis         jsonb       not null,
    status        text        collate "C" not null,
    reason        text,
    registered_at timestamptz not null,
    withdrawn_at  timestamptz,
    created_at    timestamptz not null,
    changed_at    timestamptz not null,
    position      bigint      not null,
    primary key (tenant_id, id)
);
create index roi_baseline_newest on roi_baseline (tenant_id, created_at desc, id desc);
create index roi_baseline_by_vertical on roi_baseline (tenant_id, vertical, id);

create table roi_snapshot (
    tenant_id     text        collate "C" not null,
    id            text        collate "C" not null,
    vertical      text        collate "C",
    first_day     date        not null,
    last_day      date        not null,
    currency      text        collate "C" not null,
    number        bigint      not null,
    counted_up_to bigint      not null,
    versions      jsonb       not null,
    created_at    timestamptz not null,
    changed_at    timestamptz not null,
    position      bigint      not null,
    primary key (tenant_id, id)
);
create index roi_snapshot_newest on roi_snapshot (tenant_id, created_at desc, id desc);
create index roi_snapshot_by_vertical on roi_snapshot (tenant_id, vertical, id);

do $$
declare
    name text;
begin
    foreach name in array array['roi_journey', 'model_use', 'roi_baseline', 'roi_snapshot'] loop
        execute format('grant select, insert, update, delete, truncate on %I to annals_projector', name);
        execute format('grant select on %I to annals_gateway', name);
        execute format('alter table %I enable row level security', name);
        execute format('create policy %I on %I to annals_projector using (true) with check (true)',
                       name || '_folded', name);
        execute format('create policy %I on %I for select to annals_gateway using (tenant_id = current_tenant())',
                       name || '_of_the_tenant', name);
    end loop;
end
$$;

alter table claim add column reversed jsonb;
