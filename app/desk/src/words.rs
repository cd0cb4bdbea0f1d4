//! Words that are read out over the telephone: whoever is called sees the same, and knows that the caller sits at the desk.

/// In English and Japanese, each told from the others by its sound.
const WORDS: [(&str, &str); 64] = [
    ("anchor", "いかり"),
    ("apple", "りんご"),
    ("autumn", "あき"),
    ("bamboo", "たけ"),
    ("basket", "かご"),
    ("bell", "すず"),
    ("bird", "ことり"),
    ("boat", "こぶね"),
    ("bread", "パン"),
    ("bridge", "はし"),
    ("broom", "ほうき"),
    ("butterfly", "ちょうちょ"),
    ("candle", "ろうそく"),
    ("castle", "おしろ"),
    ("cherry", "さくら"),
    ("cloud", "くも"),
    ("coral", "さんご"),
    ("crab", "かに"),
    ("crane", "つる"),
    ("dolphin", "いるか"),
    ("dragon", "りゅう"),
    ("drum", "たいこ"),
    ("eagle", "わし"),
    ("elephant", "ぞう"),
    ("fan", "うちわ"),
    ("feather", "はね"),
    ("ferry", "フェリー"),
    ("flute", "ふえ"),
    ("forest", "もり"),
    ("fox", "きつね"),
    ("garden", "にわ"),
    ("grape", "ぶどう"),
    ("hammer", "かなづち"),
    ("harbour", "みなと"),
    ("heron", "さぎ"),
    ("honey", "はちみつ"),
    ("island", "しま"),
    ("ivory", "ぞうげ"),
    ("kettle", "やかん"),
    ("kite", "たこ"),
    ("lantern", "ちょうちん"),
    ("lemon", "レモン"),
    ("lighthouse", "とうだい"),
    ("lion", "ライオン"),
    ("maple", "もみじ"),
    ("mirror", "かがみ"),
    ("moon", "つき"),
    ("mountain", "やま"),
    ("needle", "はり"),
    ("ocean", "うみ"),
    ("orange", "みかん"),
    ("peach", "もも"),
    ("pebble", "こいし"),
    ("pencil", "えんぴつ"),
    ("pine", "まつ"),
    ("rabbit", "うさぎ"),
    ("rainbow", "にじ"),
    ("river", "かわ"),
    ("sail", "ほ"),
    ("snow", "ゆき"),
    ("tiger", "とら"),
    ("turtle", "かめ"),
    ("umbrella", "かさ"),
    ("whale", "くじら"),
];

/// The word of these bytes.
pub(crate) fn of(bytes: [u8; 32]) -> (&'static str, &'static str) {
    let place = usize::from(bytes.first().copied().unwrap_or(0)) % WORDS.len();
    WORDS.get(place).copied().unwrap_or(("anchor", "いかり"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::WORDS;

    #[test]
    fn no_word_comes_twice() {
        let (en, ja): (BTreeSet<_>, BTreeSet<_>) = WORDS.into_iter().unzip();
        assert_eq!((en.len(), ja.len()), (WORDS.len(), WORDS.len()));
    }
}
