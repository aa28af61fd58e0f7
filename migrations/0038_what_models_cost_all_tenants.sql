-- What models cost all tenants in a month, for the platform's administrator.

create policy model_use_for_the_platform on model_use for select to annals_gateway
    using (current_setting('annals.platform', true) = 'on');
create index model_use_of_the_month on model_use (quarter);
