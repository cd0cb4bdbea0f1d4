//! The seed of an MFA device as the picture an authenticator app reads: `QRCodePNG` of CreateVirtualMFADevice.

use std::io::{self, Write};

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use qrcodegen::{QrCode, QrCodeEcc};

/// The white margin, in modules (ISO/IEC 18004), and the width of a module in points.
const MARGIN: i32 = 4;
const SCALE: i32 = 4;

/// "`otpauth://totp/$virtualMFADeviceName@$AccountName?secret=$Base32String`" (IAM API reference, `VirtualMFADevice`);
/// nothing when the text is too long for a picture.
pub(crate) fn of_seed(device: &str, account: &str, base32: &str) -> Option<Vec<u8>> {
    let text = format!("otpauth://totp/{device}@{account}?secret={base32}");
    let code = QrCode::encode_text(&text, QrCodeEcc::Medium).ok()?;
    png(&code).ok()
}

/// A greyscale PNG with a byte a point (PNG specification, sections 5 and 11).
fn png(code: &QrCode) -> io::Result<Vec<u8>> {
    let width = (code.size() + 2 * MARGIN) * SCALE;
    let module = |point: i32| point / SCALE - MARGIN;
    let mut lines = ZlibEncoder::new(Vec::new(), Compression::default());
    for y in 0..width {
        let points = (0..width).map(|x| if code.get_module(module(x), module(y)) { 0 } else { 255 });
        // Each line begins with its filter: none.
        let line: Vec<u8> = std::iter::once(0).chain(points).collect();
        lines.write_all(&line)?;
    }
    let side = u32::try_from(width).unwrap_or_default().to_be_bytes();
    let header = [&side[..], &side, &[8, 0, 0, 0, 0]].concat();
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, content) in [(b"IHDR", header), (b"IDAT", lines.finish()?), (b"IEND", Vec::new())] {
        let mut sum = Crc::new();
        sum.update(kind);
        sum.update(&content);
        png.extend(u32::try_from(content.len()).unwrap_or_default().to_be_bytes());
        png.extend(kind);
        png.extend(content);
        png.extend(sum.sum().to_be_bytes());
    }
    Ok(png)
}

#[cfg(test)]
mod tests {
    use super::of_seed;

    #[test]
    fn a_picture_or_none() {
        let png = of_seed("alice", "111122223333", &"A".repeat(64)).unwrap();
        assert!(png.starts_with(b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR"));
        // The last chunk has no content and a checksum that is the same in every PNG.
        assert!(png.ends_with(b"\x00\x00\x00\x00IEND\xae\x42\x60\x82"));
        assert_eq!(of_seed("alice", "111122223333", &"A".repeat(10_000)), None);
    }
}
