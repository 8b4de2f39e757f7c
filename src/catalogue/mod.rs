//! Every guideline, as data: the types here, the guidelines themselves in the TOML files beside this one.
//!
//! A leaf: it knows nothing of images. Which code judges a guideline is named by its [`Check`], which code mends it by
//! its [`Fix`].

pub mod keep;
pub mod lifecycle;
mod load;
mod order;
mod phase;
mod rule;
pub mod runtimes;
pub(crate) mod schema;

pub use load::{Catalogue, LoadError};
pub use order::Earlier;
pub use phase::{PHASES, Phase, Severity};
pub use rule::{Absent, AmiAttribute, Check, Fix, Guideline, OwnCheck, OwnFix, Saying, Source, SweptKind};
pub use schema::schema;
