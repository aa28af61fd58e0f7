-- Roles are the cluster's, not the database's: they may be there from a neighbour database.
-- Nobody logs in as one of them; a process connects as its own user and takes the role it needs.
do $$
declare
    wanted text;
begin
    foreach wanted in array array['annals_appender', 'annals_projector', 'annals_gateway'] loop
        if not exists (select from pg_roles where rolname = wanted) then
            begin
                execute format('create role %I nologin', wanted);
            exception when duplicate_object or unique_violation then
                null; -- a neighbour's migration made it meanwhile
            end;
        end if;
        if not pg_has_role(current_user, wanted, 'member') then
            execute format('grant %I to %I', wanted, current_user);
        end if;
    end loop;
end
$$;

revoke create on schema public from public;
grant usage on schema public to annals_appender, annals_projector, annals_gateway;
