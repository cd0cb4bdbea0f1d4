//! The fictional company Shiosai (潮騒), generated from a seed.
