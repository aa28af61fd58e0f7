-- Alerts: what is watched, and when it was raised last.

create table alert (
    tenant_id  text        collate "C" not null,
    id         text        collate "C" not null,
    name       text        not null,
    kind       text        not null,
    watch      jsonb       not null,
    thresholds jsonb       not null,
    status     text        not null,
    reason     text,
    raised     bigint      not null,
    last       jsonb       not null,
    raised_at  timestamptz,
    created_at timestamptz not null,
    changed_at timestamptz not null,
    position   bigint      not null,
    primary key (tenant_id, id)
);
create index alert_newest on alert (tenant_id, created_at desc, id desc);

grant select, insert, update, delete, truncate on alert to annals_projector;
grant select on alert to annals_gateway;
alter table alert enable row level security;
create policy alert_folded on alert to annals_projector using (true) with check (true);
create policy alert_of_the_tenant on alert for select to annals_gateway using (tenant_id = current_tenant());
