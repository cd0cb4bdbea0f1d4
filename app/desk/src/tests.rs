//! The desk as a browser meets it, in this process: the story, the door, and everything that is tried against both.

mod again;
mod api;
mod attacks;
mod browser;
mod canary;
mod commandline;
mod doors;
mod governing;
mod hints;
mod races;
mod rollback;
mod store;
mod story;
mod watching;
