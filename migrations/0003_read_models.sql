-- Read models: a table each. `position` is the last event that changed the row; how far each read model
-- has come is written in the same transaction as its rows.
create table read_model_checkpoints (
    name       text        collate "C" primary key,
    version    int         not null,
    position   bigint      not null,
    updated_at timestamptz not null default now()
);

grant select, insert, update on read_model_checkpoints to annals_projector;
grant select on read_model_checkpoints to annals_gateway;

create table audit_feed (
    tenant_id      text        collate "C" not null,
    position       bigint      not null,
    event_id       text        collate "C" not null,
    occurred_at    timestamptz not null,
    recorded_at    timestamptz not null,
    actor_kind     text        not null,
    actor_id       text        collate "C" not null,
    action         text        collate "C" not null,
    entity_type    text        collate "C" not null,
    entity_id      text        collate "C" not null,
    correlation_id text,
    causation_id   text        collate "C",
    payload        json        not null,
    primary key (tenant_id, position)
);
create index audit_feed_by_action on audit_feed (tenant_id, action, position);
create index audit_feed_by_entity on audit_feed (tenant_id, entity_type, entity_id, position);
create index audit_feed_by_actor on audit_feed (tenant_id, actor_kind, actor_id, position);

create table roi_summary (
    tenant_id               text    collate "C" not null,
    vertical                text    collate "C" not null,
    month                   date    not null,
    leads_captured          bigint  not null,
    leads_contacted         bigint  not null,
    leads_qualified         bigint  not null,
    leads_converted         bigint  not null,
    leads_disqualified      bigint  not null,
    first_response_ms       numeric not null,
    opportunities_opened    bigint  not null,
    opportunities_won       bigint  not null,
    opportunities_lost      bigint  not null,
    won_value               jsonb   not null,
    open_by_stage           jsonb   not null,
    claims_submitted        bigint  not null,
    claims_adjudicated      bigint  not null,
    claims_denied           bigint  not null,
    claims_denied_initially bigint  not null,
    claims_appealed         bigint  not null,
    claims_recovered        bigint  not null,
    billed                  jsonb   not null,
    paid                    jsonb   not null,
    recovered               jsonb   not null,
    runs_started            bigint  not null,
    runs_completed          bigint  not null,
    runs_failed             bigint  not null,
    runs_canceled           bigint  not null,
    runs_resolved           bigint  not null,
    runs_assumed            bigint  not null,
    input_tokens            bigint  not null,
    output_tokens           bigint  not null,
    ai_cost                 jsonb   not null,
    position                bigint  not null,
    primary key (tenant_id, vertical, month)
);

create table daily_usage (
    tenant_id text    collate "C" not null,
    meter     text    collate "C" not null,
    unit      text    collate "C" not null,
    day       date    not null,
    quantity  numeric not null,
    records   bigint  not null,
    position  bigint  not null,
    primary key (tenant_id, meter, unit, day)
);

create table tenant (
    tenant_id      text        collate "C" primary key,
    slug           text        collate "C" not null,
    mode           text        not null,
    name           text        not null,
    time_zone      text        not null,
    currency       text        not null,
    verticals      jsonb       not null,
    standing       text        not null,
    provisioned_at timestamptz not null,
    position       bigint      not null
);
create index tenant_by_slug on tenant (slug, provisioned_at);

create table api_key (
    tenant_id  text        collate "C" not null,
    id         text        collate "C" not null,
    name       text        not null,
    prefix     text        not null,
    hash       text        collate "C" not null,
    scopes     jsonb       not null,
    state      text        not null,
    created_at timestamptz not null,
    position   bigint      not null,
    primary key (tenant_id, id)
);
create index api_key_by_hash on api_key (hash);

create table agent_run (
    tenant_id     text        collate "C" not null,
    id            text        collate "C" not null,
    agent         text        not null,
    vertical      text        not null,
    status        text        not null,
    goal          text,
    lead          text,
    opportunity   text,
    claim         text,
    result        text,
    outcome       text,
    reason        text,
    model_calls   bigint      not null,
    tool_calls    bigint      not null,
    input_tokens  bigint      not null,
    cached_tokens bigint      not null,
    output_tokens bigint      not null,
    costs         jsonb       not null,
    created_at    timestamptz not null,
    ended_at      timestamptz,
    position      bigint      not null,
    primary key (tenant_id, id)
);
create index agent_run_newest on agent_run (tenant_id, created_at desc, id desc);

create table lead (
    tenant_id   text        collate "C" not null,
    id          text        collate "C" not null,
    vertical    text        not null,
    source      text        not null,
    status      text        not null,
    name        text,
    email       text,
    phone       text,
    assignee    text,
    score       bigint,
    contacts    bigint      not null,
    opportunity text,
    reason      text,
    attributes  jsonb       not null,
    created_at  timestamptz not null,
    position    bigint      not null,
    primary key (tenant_id, id)
);
create index lead_newest on lead (tenant_id, created_at desc, id desc);

create table opportunity (
    tenant_id  text        collate "C" not null,
    id         text        collate "C" not null,
    vertical   text        not null,
    title      text        not null,
    stage      text        not null,
    status     text        not null,
    account    text,
    owner      text,
    product    text,
    lead       text,
    expected   jsonb,
    value      jsonb,
    reason     text,
    created_at timestamptz not null,
    closed_at  timestamptz,
    position   bigint      not null,
    primary key (tenant_id, id)
);
create index opportunity_newest on opportunity (tenant_id, created_at desc, id desc);

create table connector (
    tenant_id        text        collate "C" not null,
    id               text        collate "C" not null,
    name             text        not null,
    kind             text        not null,
    settings         jsonb       not null,
    status           text        not null,
    syncs            bigint      not null,
    recorded         bigint      not null,
    known            bigint      not null,
    rejected         bigint      not null,
    last_sync        text,
    last_sync_status text,
    last_sync_at     timestamptz,
    last_cursor      text,
    last_error       text,
    created_at       timestamptz not null,
    position         bigint      not null,
    primary key (tenant_id, id)
);
create index connector_newest on connector (tenant_id, created_at desc, id desc);

-- The projector writes all; whoever serves requests sees the rows of the tenant that the transaction names.
do $$
declare
    model text;
begin
    foreach model in array array[
        'agent_run', 'api_key', 'audit_feed', 'connector', 'daily_usage', 'lead', 'opportunity', 'roi_summary', 'tenant'
    ] loop
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

-- A bearer is looked up before its tenant is known: whoever names a key's hash may see that key.
create policy api_key_by_its_hash on api_key
for select to annals_gateway
using (hash = nullif(current_setting('annals.api_key_hash', true), ''));

-- The platform's administrator sees the list of tenants, and nothing inside them.
create policy tenant_for_the_platform on tenant
for select to annals_gateway
using (current_setting('annals.platform', true) = 'on');
