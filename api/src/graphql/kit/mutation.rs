//! The repetition of mutations: an input object, the reading of its command, a root field, a payload.

/// Makes a payload: `payload!(LeadPayload, "a lead's command")`.
macro_rules! payload {
    ($name:ident, $of:literal) => {
        #[doc = concat!("What came of ", $of, ".")]
        #[derive(async_graphql::SimpleObject)]
        pub(crate) struct $name {
            /// The id inside the tenant; null when the command left no trace.
            id: Option<async_graphql::ID>,
            /// The version after it, to be given as `expectedVersion`.
            version: Option<u64>,
            /// The place of its event in the log: give it as `atLeast` to see its effect.
            cursor: Option<$crate::graphql::kit::Cursor>,
            /// Whether it had taken effect before, under the same idempotency key.
            known: bool,
            /// Why it left no trace; empty when it did.
            user_errors: Vec<$crate::graphql::kit::UserError>,
        }

        impl From<$crate::graphql::kit::Outcome> for $name {
            fn from(outcome: $crate::graphql::kit::Outcome) -> Self {
                Self {
                    id: outcome.id.map(async_graphql::ID),
                    version: outcome.version,
                    cursor: outcome.cursor,
                    known: outcome.known,
                    user_errors: outcome.user_errors,
                }
            }
        }
    };
}
pub(crate) use payload;

/// Makes a slice's mutations: who may ask for them, then for each the field, what all inputs of its kind have (`Creating`,
/// `Changing`, ...), the input's own fields, and how they become the command; `?` takes a `UserError`.
macro_rules! mutations {
    (
        $(#[$root_doc:meta])*
        $root:ident: $aggregate:ty, $may:ident => $payload:ident;
        $(
            $(#[$doc:meta])*
            $mutation:ident($head:ident, $input:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })
            |$argument:pat_param| $command:expr;
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
                ) -> Result<<$aggregate as domain::Entity>::Order, $crate::graphql::kit::UserError> {
                    let $argument = self;
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
                    input: $input,
                ) -> async_graphql::Result<$payload> {
                    let asked = $crate::graphql::kit::Asked {
                        mutation: stringify!($mutation),
                        head: input.head.clone().into(),
                        command: input.command(),
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
