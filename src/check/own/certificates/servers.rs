//! Which certificates and keys servers are set to use.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::image::{Error, Image, Kind};

/// A server's configuration: its files, and the words before a certificate, before its key, and before a file that
/// holds both.
struct Server {
    files: &'static [&'static str],
    certificate: &'static [&'static str],
    key: &'static [&'static str],
    both: &'static [&'static str],
}

const SERVERS: [Server; 10] = [
    Server {
        files: &["/etc/nginx/nginx.conf", "/etc/nginx/{conf.d,default.d,vhosts.d,sites-enabled,snippets}/*"],
        certificate: &["ssl_certificate"],
        key: &["ssl_certificate_key"],
        both: &[],
    },
    Server {
        files: &[
            "/etc/apache2/*.conf",
            "/etc/apache2/{sites,conf,mods}-enabled/*",
            "/etc/apache2/{conf,vhosts}.d/*.conf",
            "/etc/httpd/conf/httpd.conf",
            "/etc/httpd/conf.d/*.conf",
        ],
        certificate: &["SSLCertificateFile"],
        key: &["SSLCertificateKeyFile"],
        both: &[],
    },
    Server {
        files: &["/etc/postfix/{main,master}.cf"],
        certificate: &["smtpd_tls_cert_file", "smtpd_tls_eccert_file", "smtpd_tls_dcert_file"],
        key: &["smtpd_tls_key_file", "smtpd_tls_eckey_file", "smtpd_tls_dkey_file"],
        both: &["smtpd_tls_chain_files"],
    },
    Server {
        files: &["/etc/dovecot/**/*.conf"],
        certificate: &["ssl_cert", "ssl_server_cert_file"],
        key: &["ssl_key", "ssl_server_key_file"],
        both: &[],
    },
    Server { files: &["/etc/haproxy/*.cfg"], certificate: &[], key: &[], both: &["crt"] },
    Server { files: &["/etc/lighttpd/**/*.conf"], certificate: &[], key: &["ssl.privkey"], both: &["ssl.pemfile"] },
    Server {
        files: &["/etc/vsftpd.conf", "/etc/vsftpd/*.conf"],
        certificate: &["rsa_cert_file"],
        key: &["rsa_private_key_file"],
        both: &[],
    },
    Server {
        files: &["/etc/postgresql/*/*/postgresql.conf", "/var/lib/pgsql/data/postgresql.conf"],
        certificate: &["ssl_cert_file"],
        key: &["ssl_key_file"],
        both: &[],
    },
    Server {
        files: &["/etc/mosquitto/mosquitto.conf", "/etc/mosquitto/conf.d/*.conf"],
        certificate: &["certfile"],
        key: &["keyfile"],
        both: &[],
    },
    Server { files: &["/etc/stunnel/*.conf"], certificate: &["cert"], key: &["key"], both: &[] },
];

/// Certificates that are made when a package is installed or a server first starts, or fetched for it, and their keys:
/// used by whatever server is set up first. `*` is the same in both.
const MADE: [(&str, &str); 6] = [
    ("/etc/ssl/certs/ssl-cert-snakeoil.pem", "/etc/ssl/private/ssl-cert-snakeoil.key"),
    ("/etc/pki/tls/certs/localhost.crt", "/etc/pki/tls/private/localhost.key"),
    ("/etc/pki/dovecot/certs/dovecot.pem", "/etc/pki/dovecot/private/dovecot.pem"),
    ("/etc/letsencrypt/live/*/fullchain.pem", "/etc/letsencrypt/live/*/privkey.pem"),
    ("/etc/cockpit/ws-certs.d/*.cert", "/etc/cockpit/ws-certs.d/*.key"),
    ("/etc/cockpit/ws-certs.d/*.crt", "/etc/cockpit/ws-certs.d/*.key"),
];

/// Certificates and keys, each with the file that names it.
#[derive(Debug, Default)]
pub(super) struct InUse {
    pub(super) certificates: BTreeMap<PathBuf, PathBuf>,
    pub(super) keys: BTreeMap<PathBuf, PathBuf>,
}

pub(super) fn in_use(image: &Image) -> Result<InUse, Error> {
    let mut used = InUse::default();
    for server in SERVERS {
        for path in server.files.iter().map(|pattern| image.glob(pattern)).collect::<Result<Vec<_>, _>>()?.concat() {
            if image.stat(&path)?.is_none_or(|meta| meta.kind != Kind::File) {
                continue;
            }
            let configuration = image.read_text(&path)?.unwrap_or_default();
            for value in values(&configuration, server.certificate) {
                used.certificates.insert(absolute(&path, value), path.clone());
            }
            for value in values(&configuration, server.key) {
                used.keys.insert(absolute(&path, value), path.clone());
            }
            for value in values(&configuration, server.both) {
                // HAProxy takes a directory of them as well.
                used.certificates
                    .extend(files_at(image, &absolute(&path, value))?.into_iter().map(|file| (file, path.clone())));
            }
        }
    }
    for (certificate, key) in MADE {
        for key in image.glob(key)? {
            if let Some(certificate) = partner(certificate, &key) {
                if image.stat(&certificate)?.is_some() {
                    used.certificates.entry(certificate.clone()).or_insert(certificate.clone());
                }
                used.keys.entry(key).or_insert(certificate);
            }
        }
        for certificate in image.glob(certificate)?.into_iter().filter(|_| certificate.contains('*')) {
            used.certificates.entry(certificate.clone()).or_insert(certificate);
        }
    }
    Ok(used)
}

/// `value` as a path: names that are not absolute are looked up in the server's own directory, such as `/etc/nginx`.
fn absolute(configuration: &Path, value: &str) -> PathBuf {
    let base: PathBuf = configuration.components().take(3).collect();
    base.join(value)
}

/// `path`, or the files in it when it is a directory.
fn files_at(image: &Image, path: &Path) -> Result<Vec<PathBuf>, Error> {
    if image.stat(path)?.is_none_or(|meta| meta.kind != Kind::Directory) {
        return Ok(vec![path.to_owned()]);
    }
    Ok(image.list(path)?.into_iter().map(|entry| path.join(entry.name)).collect())
}

/// The certificate that goes with `key`: `pattern` with its `*` filled in from the key's path.
fn partner(pattern: &str, key: &Path) -> Option<PathBuf> {
    let Some((_, last)) = pattern.split_once('*') else { return Some(pattern.into()) };
    Some(match last.strip_prefix('/') {
        Some(name) => key.with_file_name(name),
        None => key.with_extension(last.strip_prefix('.')?),
    })
}

/// The paths after one of `words`, quotes and punctuation taken off, several of them where commas go between. What is no
/// plain path (a variable, a URL) is left out.
fn values<'t>(configuration: &'t str, words: &'t [&str]) -> impl Iterator<Item = &'t str> {
    let sign = |sign: char| sign.is_ascii_whitespace() || matches!(sign, '=' | ';' | ',' | '"' | '\'' | '<');
    let on_line = move |line: &'t str| {
        let parts = line.split(sign).filter(|part| !part.is_empty()).take_while(|part| !part.starts_with('#'));
        let mut parts = parts.skip_while(|part| !words.contains(part));
        let many = parts.next().is_some_and(|word| word.ends_with("_files"));
        parts.take(if many { usize::MAX } else { 1 }).filter(|value| !value.contains(['$', '%', ':', '{']))
    };
    configuration.lines().flat_map(on_line)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_servers_words_are_read() {
        let read = |line: &'static str, words: &'static [&str]| values(line, words).collect::<Vec<_>>();
        assert_eq!(read("  SSLCertificateFile \"/a.pem\"", &["SSLCertificateFile"]), ["/a.pem"]);
        assert_eq!(read("smtpd_tls_cert_file=/etc/ssl/x.pem", &["smtpd_tls_cert_file"]), ["/etc/ssl/x.pem"]);
        assert_eq!(
            read("smtpd_tls_chain_files = /a.pem, /b.pem # x", &["smtpd_tls_chain_files"]),
            ["/a.pem", "/b.pem"]
        );
        assert_eq!(read("ssl_cert = </etc/dovecot/x.pem", &["ssl_cert"]), ["/etc/dovecot/x.pem"]);
        assert_eq!(read("  bind :443 ssl crt /etc/haproxy/x.pem alpn h2", &["crt"]), ["/etc/haproxy/x.pem"]);
        assert_eq!(read("ssl_cert_file = '/etc/ssl/x.pem'", &["ssl_cert_file"]), ["/etc/ssl/x.pem"]);
        assert!(read("# ssl_cert = </etc/dovecot/x.pem", &["ssl_cert"]).is_empty());
        assert!(read("ssl_certificate $host;", &["ssl_certificate"]).is_empty());
    }

    #[test]
    fn the_certificate_of_a_key_is_known_by_its_place() {
        let of = |pattern, key: &str| partner(pattern, Path::new(key));
        assert_eq!(of("/l/*/fullchain.pem", "/l/a/privkey.pem").as_deref(), Some(Path::new("/l/a/fullchain.pem")));
        assert_eq!(of("/c/*.cert", "/c/0-self.key").as_deref(), Some(Path::new("/c/0-self.cert")));
        assert_eq!(of("/c.pem", "/k.key").as_deref(), Some(Path::new("/c.pem")));
    }

    proptest! {
        #[test]
        fn any_configuration_is_survived(text in "(?s)[a-z_#=;,<$ \n\"'/é]{0,120}") {
            prop_assert!(values(&text, &["ssl_cert", "a", "b_files"]).count() <= text.len());
        }
    }
}
