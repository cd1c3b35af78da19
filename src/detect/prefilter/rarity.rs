//! How often source code holds four bytes, or two. Owns: the counts, and the choice of a literal's windows by them. Must not: build tables.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::folded;

/// Offset of the five bytes whose two windows source code holds least often. A window that has a byte of the literal on both sides is more
/// often turned away by them, so it weighs less.
pub fn rarest(bytes: &[u8]) -> usize {
    let last = bytes.len() - 5;
    let weight = |at: usize, is_outer: bool| share(&bytes[at..at + 4]) * if is_outer { 12 } else { 9 };
    let windows = |at: usize| weight(at, at == 0) + weight(at + 1, at == last);
    let pairs = |at: usize| -> u32 { bytes[at..at + 5].windows(2).map(|pair| commonness(pair[0], pair[1])).sum() };
    (0..=last).min_by_key(|&at| (windows(at), pairs(at))).unwrap_or(0)
}

/// How often a window stands in source code, in a million; 0 for one that is rare.
fn share(window: &[u8]) -> u32 {
    static SHARES: LazyLock<HashMap<u32, u32>> = LazyLock::new(|| {
        // As `examples/count-windows.rs` wrote it, over sources in C, Go, Java, JavaScript, PHP, Python, Ruby and Rust.
        let lines = include_str!("../windows.txt").lines();
        lines.filter_map(|line| Some((folded(*line.as_bytes().first_chunk()?), line.get(5..)?.parse().ok()?))).collect()
    });
    window.first_chunk().and_then(|window| SHARES.get(&folded(*window))).copied().unwrap_or(0)
}

/// How common a pair of bytes is in source code, case folded: 1.6 times log2 of its share in a million.
pub fn commonness(first: u8, second: u8) -> u32 {
    u32::from(PAIRS[class(first)][class(second)] - b'a')
}

/// Row and column of [`PAIRS`].
fn class(byte: u8) -> usize {
    const MARKS: &[u8; 8] = b"_-./\"=: ";
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' => usize::from(byte.to_ascii_lowercase() - b'a'),
        b'0'..=b'9' => 26,
        _ => 27 + MARKS.iter().position(|&mark| mark == byte).unwrap_or(MARKS.len()),
    }
}

/// Pairs of bytes by class, counted over 9 MB of C, Ruby, Java, PHP, Rust and shell: `a` is rarest, `z` most common.
const PAIRS: [&[u8; 36]; 36] = [
    b"jrtrimrjrfntstkrfutvqpmnqjmnkmkjeiqo",
    b"qjliqhieoogrkgqhdnonrfegpemkjmkkejno",
    b"siojskjspdrrnhujfqmtpjggldlnkkjjflqo",
    b"rnlpukiisiinkkqmfnpkpkiilclpmojmints",
    b"sottqrploiksruorqvvumpqspjnsormokovu",
    b"qijlopkdtciojmrjfpnopddflblmknfjgjsp",
    b"mjlisnlnreenjpnjcqolpkgcihiolpllhksq",
    b"shjjuhfgsefjlkrminmpmfgdjeknllhmglqq",
    b"ppsrqrrfldktrvtpiqtuiqdnbqikikjifgno",
    b"nddhocdchdfdhfnidemdlegcbcgighadaajj",
    b"lhijrijeodejhjkfefnjjfgcfbjmkohkdioo",
    b"smlquokiuejsljsmclqqrlkcpfkolnjljlrr",
    b"tnjmtjgerejlqlrrhgokoidhmbinjlkjeiqo",
    b"slsttqtjqhnonpsnilsuqpkfnfjpmpknimus",
    b"oqrrlroipkorsvqrhuqssopkijiomljkfkrp",
    b"sgmmsimnodirlirqdsorqhijmdjollkjfkpp",
    b"dcdcfbfcbbcldhcecfgdqddccbhifgbccejl",
    b"tnppvnrhtepoprtlcrrsqokeqekpmpkmints",
    b"pipmvlkqsfmnolqrlltvrklenilqproojput",
    b"tkqnvnkvuijonltpftrrrknmqglsoqmnknut",
    b"pqpornnbpacsqsiqbsrshecmehkkffdfbgnl",
    b"reifsdgdpccjgioecdjicgdddbkikihgffkm",
    b"pehipgdpqceiempggomieeldcggljmghdipo",
    b"mfnhnhfgmddgkggpdhiqddeiidknkkgkeino",
    b"kjjilhhgkfflllnpclonfijbehholnhlgksr",
    b"jddeqfbdkcafgdkcaehdibcchhgffffhabik",
    b"mllllkghghghiifjfhihihfjfhvmnrjnflrt",
    b"poqoqpmnpklpooopjqqqnmnhdjllafadabhk",
    b"mmnlmnkknghmmnlnhmnnljkidjoathfffaor",
    b"pnqnnnonomjmnnnnfoqomjmhggrgcnllebps",
    b"lmlmjklkkidllilldmmlhgkhcekcmirideps",
    b"nlmlkmmlliilllklfmnnkjjggglflkkkdopt",
    b"hghdggfdeaadfgeeafggbebadajaecblpasp",
    b"llmklljjlgdjkmllflmmjjidddmgfdmheqro",
    b"ustsstqqtonssstsltuurqslnkslrnqsspzx",
    b"rpsqqqqormnqqqprmssspppljjsmprrrooyz",
];
