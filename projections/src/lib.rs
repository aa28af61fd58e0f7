//! Read models: each answers one question.
//!
//! Reading order: [`engine`] (what every read model gets for free), any read model, for instance
//! [`daily_usage`], then [`Reader`] (how the gateway asks).

pub mod account_history;
pub mod agent;
pub mod agent_run;
pub mod alert;
pub mod api_key;
pub mod audit_feed;
pub mod claim;
pub mod connector;
pub mod daily_usage;
pub mod engine;
pub mod entitlement;
pub mod invoice;
pub mod lead;
pub mod member;
pub mod meter;
pub mod metered_usage;
pub mod model_price;
pub mod model_use;
pub mod opportunity;
pub mod plan;
pub mod platform;
pub mod platform_usage;
pub mod quarantined_usage;
pub mod roi;
pub mod roi_baseline;
pub mod roi_journey;
pub mod roi_snapshot;
pub mod roi_summary;
pub mod saved_filter;
pub mod subscription;
pub mod tenant;
pub mod webhook_delivery;
pub mod webhook_endpoint;
pub mod workspace;

mod all;
mod reader;

pub use all::all;
pub use engine::history::{ColumnDifference, Refused, Touch};
pub use engine::{
    About, AnyReadModel, Behind, Build, BuildState, Checkpoint, Context, Diff, Estimate, Listing, Look,
    OperationError, Operations, Order, Parked, Parts, Policy, Progress, Projector, ProjectorOptions,
    ReadModel, RowAbout, RowChange, RowDifference, RowKey, Rows, Scope, Status, Stopped, TenantStatus,
    Unfoldable,
};
pub use reader::{
    AsOf, BillWish, Change, Check, Compared, CountedEvents, Counting, Difference, DifferenceKind, Direction,
    Drawn, Explained, Extent, FigureEvents, Ledger, List, Listed, NoSpeed, OutcomeLine, Page, Past,
    PastError, PastLimits, Place, QueryError, ROI_READS, Reader, Rebilled, Replay, RowName, SPEED_AT_MOST,
    Seen, Sort, Statement, StatementError, Step, Steps, Story, Timing, Total, Verified, Wait, Way, WhatIf,
    Wish, differences, draft_plan, span_of, stream_named,
};
