-- Whoever audits the log holds the table of streams against it: what it says is what the next event of a stream is judged by.
grant select on streams to annals_projector;
