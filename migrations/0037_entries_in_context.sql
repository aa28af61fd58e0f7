-- Entries of the audit feed know the workspace in which their actor acted, and the entry that tells by what means it came.
-- Tables that were live before get the columns too, so that going back to one stays possible.
do $$
declare
    filled regclass;
begin
    for filled in
        select c.oid
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p')
          and (n.nspname = 'public' and c.relname = 'audit_feed'
               or n.nspname = 'builds' and c.relname ~ '^audit_feed_[0-9]+$')
    loop
        execute format(
            'alter table %s add column workspace_id text collate "C", add column context_id text collate "C"', filled
        );
    end loop;
end
$$;

update audit_feed set workspace_id = entity_id where entity_type = 'workspace';

create index audit_feed_by_workspace on audit_feed (tenant_id, workspace_id, position) where workspace_id is not null;

-- Filters of the audit feed that are saved.
create table saved_filter (
    tenant_id  text        collate "C" not null,
    id         text        collate "C" not null,
    name       text        collate "C" not null,
    owner      text        collate "C" not null,
    sharing    text        not null,
    filter     jsonb       not null,
    created_at timestamptz not null,
    changed_at timestamptz not null,
    position   bigint      not null,
    primary key (tenant_id, id)
);
create index saved_filter_newest on saved_filter (tenant_id, created_at desc, id desc);
create index saved_filter_by_name on saved_filter (tenant_id, name, id);

grant select, insert, update, delete, truncate on saved_filter to annals_projector;
grant select on saved_filter to annals_gateway;
alter table saved_filter enable row level security;
create policy saved_filter_folded on saved_filter to annals_projector using (true) with check (true);
create policy saved_filter_of_the_tenant on saved_filter for select to annals_gateway using (tenant_id = current_tenant());
