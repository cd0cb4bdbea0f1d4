//! Keys of a body and paths of keys, made ready for comparing.

/// A key. Two keys are the same but for case, `-` and `_`: CloudTrail writes the keys of one API as `bucketName`,
/// `BucketName` and `bucket-name`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Name {
    text: Box<str>,
    hash: u32,
}

/// A path of keys: `vpcConfig.subnetIds`. `**.key` is the key at any depth, `x-amz-grant-*` any key that begins so.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Path {
    pub(super) last: Last,
    /// The keys around it, from the inside out.
    pub(super) around: Box<[Name]>,
    /// It may begin at any depth.
    pub(super) is_deep: bool,
}

/// The last key of a path.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Last {
    Key(Name),
    Beginning(Box<str>),
}

impl Name {
    pub(crate) fn read(text: &str) -> Self {
        Self { text: text.into(), hash: hash(text) }
    }

    /// Its bit among the keys of a body.
    pub(super) fn bit(&self) -> u64 {
        bit(self.hash)
    }

    /// Whether a key of this hash is this one.
    pub(super) fn is(&self, key: &str, hash: u32) -> bool {
        self.hash == hash && same_key(&self.text, key)
    }
}

impl Path {
    /// How many keys stand around the last.
    pub(crate) fn depth(&self) -> usize {
        self.around.len()
    }

    pub(crate) fn read(text: &str) -> Self {
        let mut keys = text.rsplit('.');
        let last = keys.next().unwrap_or_default();
        let last = match last.strip_suffix('*') {
            Some(head) => Last::Beginning(head.into()),
            None => Last::Key(Name::read(last)),
        };
        let mut around: Vec<&str> = keys.collect();
        let is_deep = around.last() == Some(&"**");
        around.truncate(around.len().saturating_sub(usize::from(is_deep)));
        Self { last, around: around.into_iter().map(Name::read).collect(), is_deep }
    }
}

/// A hash that is the same for keys that are the same (FNV-1a). Callers may choose keys, so it only rules keys out.
pub(super) fn hash(key: &str) -> u32 {
    let letters = key.bytes().filter(|byte| !matches!(byte, b'-' | b'_'));
    letters.fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0193)
    })
}

/// One of 64 bits for a hash.
pub(super) fn bit(hash: u32) -> u64 {
    1 << (hash >> 26)
}

/// Whether two keys are the same but for case, `-` and `_`.
pub(crate) fn same_key(one: &str, other: &str) -> bool {
    if one.len() == other.len() && one.eq_ignore_ascii_case(other) {
        return true;
    }
    let letters = |text: &'_ str| {
        let bytes = text.bytes().filter(|byte| !matches!(byte, b'-' | b'_'));
        bytes.map(|byte| byte.to_ascii_lowercase()).collect::<Vec<u8>>()
    };
    letters(one) == letters(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_no_case_and_no_dashes() {
        for (one, other) in
            [("bucketName", "BucketName"), ("x-amz-acl", "XAmzAcl"), ("_", ""), ("max_keys", "max-keys")]
        {
            assert!(same_key(one, other) && Name::read(one).is(other, hash(other)), "{one} {other}");
        }
        for (one, other) in [("bucket", "buckets"), ("", "a"), ("a-b", "ac")] {
            assert!(!same_key(one, other) && !Name::read(one).is(other, hash(other)), "{one} {other}");
        }
        // The same hash is not enough.
        assert!(!Name::read("a").is("b", hash("a")));
    }

    #[test]
    fn paths() {
        let path = Path::read("**.tagSpecificationSet.resourceType");
        assert_eq!((path.around.len(), path.is_deep), (1, true));
        let path = Path::read("x-amz-grant-*");
        assert_eq!((path.last, path.is_deep), (Last::Beginning("x-amz-grant-".into()), false));
    }
}
