-- Whoever serves requests sees of archived years what it sees of the log: one tenant's part.
alter table log_archive_tenants enable row level security;

create policy log_archive_tenants_for_the_house on log_archive_tenants
for select to annals_appender, annals_projector
using (true);

create policy log_archive_tenants_of_the_tenant on log_archive_tenants
for select to annals_gateway
using (tenant_id = current_tenant());

grant select on events_kept, events_at_hand to annals_gateway;

create policy events_kept_of_the_tenant on events_kept
for select to annals_gateway
using (tenant_id = current_tenant());
