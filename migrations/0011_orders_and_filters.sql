-- Indexes for the orders and filters of lists: what a page needs is read in its order, and nothing else.

-- What happened in a time, in the order in which it happened.
create index audit_feed_by_time on audit_feed (tenant_id, occurred_at, position);

-- Orders: the tenant, the column as it compares, the id. Each serves both directions.
create index agent_by_changed on agent (tenant_id, changed_at, id);
create index agent_by_name on agent (tenant_id, (name collate "C"), id);
create index agent_run_by_input_tokens on agent_run (tenant_id, input_tokens, id);
create index api_key_newest on api_key (tenant_id, created_at desc, id desc);
create index api_key_by_name on api_key (tenant_id, (name collate "C"), id);
create index claim_by_payer on claim (tenant_id, (payer collate "C"), id);
create index connector_by_name on connector (tenant_id, (name collate "C"), id);
create index connector_by_recorded on connector (tenant_id, recorded, id);
create index lead_by_score on lead (tenant_id, coalesce(score, -1), id);
create index lead_by_contacts on lead (tenant_id, contacts, id);
create index member_by_changed on member (tenant_id, changed_at, id);
create index member_by_email on member (tenant_id, (email collate "C"), id);
create index opportunity_by_title on opportunity (tenant_id, (title collate "C"), id);
create index subscription_by_plan on subscription (tenant_id, (plan collate "C"), id);
create index tenant_in_order on tenant (provisioned_at, tenant_id);
create index workspace_by_changed on workspace (tenant_id, changed_at, id);
create index workspace_by_name on workspace (tenant_id, (name collate "C"), id);

-- Filters of the lists that grow, the newest first.
create index agent_run_of_agent on agent_run (tenant_id, agent, created_at, id);
create index agent_run_in_status on agent_run (tenant_id, status, created_at, id);
create index claim_of_payer on claim (tenant_id, payer, created_at, id);
create index claim_in_status on claim (tenant_id, status, created_at, id);
create index lead_in_status on lead (tenant_id, status, created_at, id);
create index lead_of_assignee on lead (tenant_id, assignee, created_at, id);
create index lead_of_source on lead (tenant_id, source, created_at, id);
create index opportunity_in_status on opportunity (tenant_id, status, created_at, id);
create index opportunity_of_account on opportunity (tenant_id, account, created_at, id);
create index opportunity_of_owner on opportunity (tenant_id, owner, created_at, id);
create index subscription_of_customer on subscription (tenant_id, customer, created_at, id);
