//! Images made to harm whoever looks at them. Each is built in memory, with canaries around it; on each, every command
//! runs with bounded memory and time, opens nothing outside, shows no sign that a terminal would act on, ends with one of
//! its exit codes, and takes back exactly what it did.
//!
//! What takes seconds is ignored and run by `.ci/run`.

mod configs;
mod heavy;
mod homes;
mod inputs;
mod links;
mod mounts;
mod names;
mod races;
mod special;
mod yard;
