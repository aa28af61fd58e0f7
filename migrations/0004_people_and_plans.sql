-- The present state of agents, claims, members, subscriptions and workspaces.
create table agent (
    tenant_id  text        collate "C" not null,
    id         text        collate "C" not null,
    name       text        not null,
    vertical   text        not null,
    prompt     text        not null,
    model      text        not null,
    tools      jsonb       not null,
    revision   bigint      not null,
    status     text        not null,
    reason     text,
    created_at timestamptz not null,
    changed_at timestamptz not null,
    position   bigint      not null,
    primary key (tenant_id, id)
);
create index agent_newest on agent (tenant_id, created_at desc, id desc);

create table claim (
    tenant_id    text        collate "C" not null,
    id           text        collate "C" not null,
    vertical     text        not null,
    payer        text        not null,
    patient      text,
    service_date date,
    status       text        not null,
    billed       jsonb       not null,
    allowed      jsonb,
    paid         jsonb,
    recovered    jsonb,
    reason_codes jsonb       not null,
    reason       text,
    created_at   timestamptz not null,
    decided_at   timestamptz,
    position     bigint      not null,
    primary key (tenant_id, id)
);
create index claim_newest on claim (tenant_id, created_at desc, id desc);

create table member (
    tenant_id  text        collate "C" not null,
    id         text        collate "C" not null,
    email      text        not null,
    name       text,
    role       text        not null,
    subject    text        collate "C",
    status     text        not null,
    reason     text,
    created_at timestamptz not null,
    changed_at timestamptz not null,
    position   bigint      not null,
    primary key (tenant_id, id)
);
create index member_newest on member (tenant_id, created_at desc, id desc);

create table subscription (
    tenant_id       text        collate "C" not null,
    id              text        collate "C" not null,
    plan            text        not null,
    price           jsonb       not null,
    customer        text,
    status          text        not null,
    reason          text,
    payments        bigint      not null,
    received        jsonb       not null,
    failed_payments bigint      not null,
    last_payment_at timestamptz,
    created_at      timestamptz not null,
    ended_at        timestamptz,
    position        bigint      not null,
    primary key (tenant_id, id)
);
create index subscription_newest on subscription (tenant_id, created_at desc, id desc);

create table workspace (
    tenant_id  text        collate "C" not null,
    id         text        collate "C" not null,
    name       text        not null,
    status     text        not null,
    created_at timestamptz not null,
    changed_at timestamptz not null,
    position   bigint      not null,
    primary key (tenant_id, id)
);
create index workspace_newest on workspace (tenant_id, created_at desc, id desc);

do $$
declare
    model text;
begin
    foreach model in array array['agent', 'claim', 'member', 'subscription', 'workspace'] loop
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
