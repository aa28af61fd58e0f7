select write as "write!", outcome as "outcome!", position, events, aggregate_id, version, hash
from log_append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)
