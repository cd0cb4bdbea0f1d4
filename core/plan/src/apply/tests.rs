//! The machine against a small interpreter of what IAM and Organizations do with the calls it makes.

mod back;
mod center;
mod deletions;
mod documents;
mod driver;
mod explorer;
mod plans;
mod premises;
mod refusals;
mod world;
