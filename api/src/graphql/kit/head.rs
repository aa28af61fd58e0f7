//! What every mutation takes, whatever it does: which one, when, and under which key and version.

use async_graphql::{ID, InputObject};

use super::{DateTime, Ulid};

/// What every mutation takes.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) id: Option<String>,
    pub(crate) occurred_at: Option<DateTime>,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) expected_version: Option<u64>,
}

/// Makes the heads of inputs, which differ by their id alone.
macro_rules! heads {
    ($($(#[$doc:meta])* $name:ident { $(#[$id_doc:meta])* $id:ty => $read:expr })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, InputObject)]
        pub(crate) struct $name {
            $(#[$id_doc])*
            id: $id,
            /// When it happened, if not now.
            occurred_at: Option<DateTime>,
            /// The same key with the same input takes effect once, however often it is sent.
            idempotency_key: Option<String>,
            /// The version that was read: when others have changed it since, the answer is CONFLICT.
            expected_version: Option<u64>,
        }

        impl From<$name> for Head {
            fn from(head: $name) -> Self {
                let read: fn($id) -> Option<String> = $read;
                Self {
                    id: read(head.id),
                    occurred_at: head.occurred_at,
                    idempotency_key: head.idempotency_key,
                    expected_version: head.expected_version,
                }
            }
        }
    )+};
}

heads! {
    /// What a mutation that makes something takes beside its own fields.
    Creating {
        /// The id inside the tenant: 1 to 100 characters (A-Z, a-z, 0-9, '.', '_', '-'). Left out, a ULID is made.
        Option<ID> => |id| id.map(String::from)
    }
    /// What a mutation that changes something takes beside its own fields.
    Changing {
        /// Its id: the `id` of an answer, or the one inside the tenant.
        ID => |id| Some(id.into())
    }
    /// What the mutation that makes a tenant takes beside its own fields.
    CreatingTenant {
        /// The new tenant's id. Left out, one is made.
        Option<Ulid> => |id| id.map(|id| id.0.to_string())
    }
    /// What a mutation that changes a tenant takes beside its own fields.
    ChangingTenant {
        /// The tenant's id: the `id` of an answer, or its ULID.
        ID => |id| Some(id.into())
    }
}
