//! The names under which models know the tools of MCP servers: `mcp_<server>_<tool>`, at most 64 of letters, digits,
//! `_` and `-`, as model providers take them.

use sha2::{Digest, Sha256};

const MAX_NAME: usize = 64;
/// How many hexadecimal digits tell names apart that would else be the same.
const DIGEST: usize = 8;

/// How the names of a server's tools begin.
pub(in crate::tools) fn prefix(server: &str) -> String {
    format!("mcp_{server}_")
}

/// The name of a tool. Where it cannot be kept as it is, a digest of it keeps it apart from others.
pub(super) fn offered(server: &str, tool: &str) -> String {
    let prefix = prefix(server);
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !tool.is_empty() && tool.chars().all(plain) && prefix.len() + tool.len() <= MAX_NAME {
        return prefix + tool;
    }
    let digest = &hex::encode(Sha256::digest(tool))[..DIGEST];
    let left = MAX_NAME - prefix.len() - 1 - DIGEST;
    let kept: String = tool.chars().map(|c| if plain(c) { c } else { '_' }).take(left).collect();
    format!("{prefix}{kept}_{digest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_where_it_can_be() {
        assert_eq!(offered("files", "read_file"), "mcp_files_read_file");
        assert_eq!(offered("files", "Read-2"), "mcp_files_Read-2");
    }

    #[test]
    fn other_names_are_told_apart() {
        let (dot, slash) = (offered("files", "read.file"), offered("files", "read/file"));
        assert!(dot.starts_with("mcp_files_read_file_") && slash.starts_with("mcp_files_read_file_"));
        assert_ne!(dot, slash);
        let long = "x".repeat(100);
        assert_ne!(offered("files", &long), offered("files", &(long.clone() + "y")));
        for name in ["", "ü", "\0", "a b", long.as_str(), &"ü".repeat(200)] {
            let offered = offered(&"s".repeat(24), name);
            assert!(offered.len() <= MAX_NAME, "{offered}");
            assert!(
                offered.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-'),
                "{offered}"
            );
        }
    }
}
