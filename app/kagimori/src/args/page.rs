//! What a page holds itself.

/// How much of its lists a page holds itself.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct PageRoom {
    /// Long lists of the page stand in files beside it, which it reads when they are opened: above so many MiB; 0: all of them
    #[arg(long = "page-room", value_name = "MIB", default_value_t = 4, hide_short_help = true)]
    mebibytes: u16,
}

impl PageRoom {
    /// The same in bytes.
    pub(crate) fn bytes(self) -> usize {
        usize::from(self.mebibytes) << 20
    }
}
