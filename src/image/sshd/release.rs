//! Which OpenSSH this is: what its configuration file means depends on it.

/// Who built it, as far as that changes names or defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// As released by the OpenSSH project.
    Upstream,
    /// Debian and what is made from it.
    Debian,
    /// Fedora, RHEL and what is made from them, Amazon Linux included.
    RedHat,
    /// SLES and openSUSE.
    Suse,
}

/// A version and who built it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Release {
    /// Major and minor number.
    pub(super) version: (u32, u32),
    /// Who built it.
    pub(super) family: Family,
}

/// The rules assumed when the version cannot be found out: the newest known.
pub(super) const NEWEST: (u32, u32) = (10, 3);

impl Release {
    /// Whether it is `major.minor` or newer.
    pub(super) fn since(self, major: u32, minor: u32) -> bool {
        self.version >= (major, minor)
    }

    /// Whether the lexer is the old one, that cuts a line at the first `#` and splits words at `=`.
    pub(super) fn old_lexer(self) -> bool {
        !self.since(8, 7)
    }

    /// Whether it carries the GSSAPI key exchange patch, which adds keywords.
    pub(super) fn has_gssapi_key_exchange(self) -> bool {
        self.family != Family::Upstream
    }
}
