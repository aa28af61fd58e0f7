//! The repetition of mutations: an input object, the reading of its command, a root field, a payload.

use std::borrow::Cow;
use std::marker::PhantomData;

use async_graphql::{ID, InputType, SimpleObject, TypeName};

use super::{Cursor, Outcome, UserError};

/// What came of a mutation.
#[derive(SimpleObject)]
#[graphql(name_type)]
pub(crate) struct Payload<I: InputType> {
    /// The id of what was made or changed, for `node`; null when the command left no trace.
    id: Option<ID>,
    /// Its id inside the tenant; null when the command left no trace.
    local_id: Option<String>,
    /// The version after it, to be given as `expectedVersion`.
    version: Option<u64>,
    /// The place of its event in the log: give it as `atLeast` to see its effect.
    cursor: Option<Cursor>,
    /// Whether it had taken effect before, under the same idempotency key.
    known: bool,
    /// Why it left no trace; empty when it did.
    user_errors: Vec<UserError>,
    #[graphql(skip)]
    input: PhantomData<fn() -> I>,
}

/// `CaptureLeadInput` has a `CaptureLeadPayload`.
pub(crate) fn payload_name<I: InputType>() -> Cow<'static, str> {
    let name = I::type_name();
    format!("{}Payload", name.strip_suffix("Input").unwrap_or(&name)).into()
}

impl<I: InputType> TypeName for Payload<I> {
    fn type_name() -> Cow<'static, str> {
        payload_name::<I>()
    }
}

impl<I: InputType> From<Outcome> for Payload<I> {
    fn from(outcome: Outcome) -> Self {
        Self {
            id: outcome.id,
            local_id: outcome.local_id,
            version: outcome.version,
            cursor: outcome.cursor,
            known: outcome.known,
            user_errors: outcome.user_errors,
            input: PhantomData,
        }
    }
}

/// Makes a slice's mutations: who may ask for them, then for each the field, what all inputs of its kind have (`Creating`,
/// `Changing`, ...), the input's own fields, and how they become the command; `?` takes a `UserError`. A command
/// that names other things reads their ids by the second argument. What the rules can't know, because it takes more than
/// the command, is refused by a function after `unless`.
macro_rules! mutations {
    (
        $(#[$root_doc:meta])*
        $root:ident: $aggregate:ty, $may:ident;
        $(
            $(#[$doc:meta])*
            $mutation:ident($head:ident, $input:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })
            |$argument:pat_param $(, $ids:ident)?| $command:expr $(, unless $refused:path)?;
        )+
    ) => {
        $(#[$root_doc])*
        #[derive(Default)]
        pub(crate) struct $root;

        $(
            $(#[$doc])*
            #[derive(Clone, Debug, async_graphql::InputObject)]
            pub(crate) struct $input {
                #[graphql(flatten)]
                head: $crate::graphql::kit::$head,
                $($(#[$field_doc])* $field: $type,)*
            }

            impl $input {
                fn command(
                    self,
                    ids: $crate::graphql::kit::Ids,
                ) -> Result<<$aggregate as domain::Entity>::Order, $crate::graphql::kit::UserError> {
                    let ($argument, _) = (self, ids);
                    $(let $ids = ids;)?
                    Ok($command)
                }
            }
        )+

        #[async_graphql::Object]
        impl $root {
            $(
                $(#[$doc])*
                async fn $mutation(
                    &self,
                    ctx: &async_graphql::Context<'_>,
                    #[graphql(desc = "What to do.")] input: $input,
                ) -> async_graphql::Result<$crate::graphql::kit::Payload<$input>> {
                    $(
                        if let Some(refused) = Box::pin($refused(ctx, stringify!($mutation), &input)).await? {
                            return Ok(refused.into());
                        }
                    )?
                    let asked = $crate::graphql::kit::Asked {
                        mutation: stringify!($mutation),
                        head: input.head.clone().into(),
                        command: input.command($crate::graphql::kit::Ids::of(ctx)?),
                        under_key: None,
                    };
                    let may = $crate::graphql::kit::May::$may;
                    $crate::graphql::kit::run::<$aggregate>(ctx, may, asked).await.map(Into::into)
                }
            )+
        }
    };
}
pub(crate) use mutations;
