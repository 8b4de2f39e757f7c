//! Every place that the data-only guidelines about credentials look at: it fails, and its remedy mends it.

use std::path::Path;

use crate::change::trial::{mended, remedy_of};
use crate::change::{Change, Remedy};
use crate::check::trial::judged;
use crate::check::{Observation, Status};
use crate::image::Node;
use crate::image::fixture::Fixture;

/// Guideline, path, content that must go.
const MENDED: &[(&str, &str, &str)] = &[
    ("SEC-02", "/root/.netrc", "machine h login a password b\n"),
    ("SEC-02", "/home/admin/.m2/settings.xml", "<settings>\n <password>x</password>\n</settings>\n"),
    // Between two comments of one line.
    ("SEC-02", "/home/admin/.m2/settings.xml", "<settings>\n<!-- a --><password>x</password><!-- b -->\n</settings>\n"),
    // A star in the table of PPP stands for every server, not for every word.
    ("SEC-02", "/etc/ppp/pap-secrets", "alice * \"hunter22\" -\n"),
    ("SEC-02", "/etc/ppp/chap-secrets", "alice \"\" hunter22 *\n"),
    ("SEC-02", "/home/admin/.my.cnf", "[client]\npassword = x\n"),
    ("SEC-02", "/etc/fstab", "//nas/a /mnt cifs credentials=/root/.cred 0 0\n"),
    ("SEC-02", "/etc/ppp/chap-secrets", "# client server secret\nme * \"secret\" *\n"),
    ("SEC-02", "/etc/exim4/passwd.client", "*.example.com:me:secret\n"),
    ("SEC-02", "/etc/iscsi/iscsid.conf", "node.session.auth.password = secret\n"),
    ("SEC-02", "/etc/snmp/snmpd.conf", "rwcommunity s3cret 10.0.0.0/8\n"),
    ("SEC-02", "/root/.jupyter/jupyter_server_config.json", "{\n  \"password\": \"argon2:x\"\n}\n"),
    ("SEC-02", "/root/.curlrc", "proxy = http://me:secret@proxy:3128\n"),
    ("SEC-06", "/root/.docker/config.json", "{\"auths\":{\"r\":{\"auth\":\"YTpi\"}}}\n"),
    ("SEC-06", "/etc/docker/key.json", "{\"kty\":\"EC\",\"d\":\"x\"}\n"),
    ("SEC-06", "/var/lib/docker/engine-id", "0b6a\n"),
    ("SEC-06", "/etc/ecs/ecs.config", "ECS_CLUSTER=a\nECS_ENGINE_AUTH_DATA={\"r\":{\"password\":\"x\"}}\n"),
    ("SEC-06", "/etc/containerd/config.toml", "version = 2\n  password = \"x\"\n"),
    ("SEC-07", "/root/.kube/config", "apiVersion: v1\n"),
    ("SEC-08", "/opt/app/.git/config", "[remote \"origin\"]\n\turl = https://ci:tok@git.example/app.git\n"),
    ("SEC-08", "/opt/app/.git/config", "[remote \"origin\"]\n\turl = https://ghp_abc@github.com/app.git\n"),
    ("SEC-08", "/home/admin/infra/terraform.tfstate", "{}\n"),
    ("SEC-08", "/home/admin/vault.yml", "$ANSIBLE_VAULT;1.1;AES256\n3661\n"),
    ("SEC-10", "/root/anaconda-ks.cfg", "rootpw --iscrypted $6$a$b\n"),
    ("SEC-10", "/etc/cloud/cloud.cfg.d/99-installer.cfg", "datasource_list: [None]\n"),
    ("SEC-10", "/var/log/installer/autoinstall-user-data", "x\n"),
    ("SEC-10", "/var/cache/debconf/passwords.dat", "Name: a/password\nTemplate: a/password\nValue: x\n"),
    ("SEC-11", "/etc/krb5.keytab", "\x05\x02x"),
    ("SEC-11", "/tmp/krb5cc_1000", "x"),
    ("SEC-11", "/var/lib/sss/db/cache_example.com.ldb", "x"),
    ("SEC-12", "/var/lib/rabbitmq/.erlang.cookie", "COOKIE"),
    ("SEC-15", "/etc/apt/auth.conf.d/acme.conf", "machine apt.acme.example login a password b\n"),
    ("SEC-15", "/etc/apt/sources.list.d/acme.sources", "Types: deb\nURIs: https://a:b@apt.acme.example/\nSuites: x\n"),
    ("SEC-15", "/etc/yum.repos.d/acme.repo", "[acme]\nbaseurl=https://yum.acme.example/\nusername=a\npassword=b\n"),
    ("SEC-15", "/etc/pip.conf", "[global]\nextra-index-url = https://a:b@pypi.acme.example/simple\n"),
    ("SEC-15", "/root/.npmrc", "//registry.npmjs.org/:_authToken=npm_x\n"),
    ("SEC-15", "/home/admin/.bundle/config", "---\nBUNDLE_GEMS__ACME__EXAMPLE: \"a:b\"\n"),
    ("SEC-15", "/etc/zypp/credentials.d/acme", "username=a\npassword=b\n"),
    ("SEC-16", "/etc/pki/consumer/cert.pem", "x"),
    ("SEC-16", "/etc/insights-client/machine-id", "x"),
    ("SEC-19", "/etc/salt/pki/minion/minion.pem", "x"),
    ("SEC-19", "/opt/splunkforwarder/etc/instance.cfg", "guid = x\n"),
    ("SEC-20", "/etc/app/app.conf~", "x"),
    ("SEC-20", "/var/www/html/config.php.bak", "x"),
    ("SEC-20", "/root/.vimrc.swp", "x"),
    ("SEC-20", "/etc/ssh/sshd_config.rpmsave", "x"),
    ("SEC-21", "/var/lib/systemd/credential.secret", "x"),
    ("AGT-01", "/var/lib/amazon/ssm/Vault/Store/RegistrationKey", "{}"),
    ("AGT-01", "/var/lib/amazon/ssm/i-0123456789abcdef0/document/state/x", "{}"),
    ("AGT-02", "/var/lib/ecs/data/agent.db", "x"),
    ("AGT-02", "/etc/ecs/ecs.config", "ECS_CLUSTER=ours\n"),
    ("AGT-03", "/opt/aws/amazon-cloudwatch-agent/logs/amazon-cloudwatch-agent.log", "x"),
    (
        "AGT-03",
        "/opt/aws/amazon-cloudwatch-agent/etc/common-config.toml",
        "[proxy]\n   http_proxy = \"http://p:3128\"\n",
    ),
    ("AGT-04", "/greengrass/v2/privKey.key", "x"),
    ("AGT-04", "/opt/codedeploy-agent/deployment-root/6c5a/d-ABC/bundle.tar", "x"),
    ("AGT-06", "/tmp/script_4711.sh", "x"),
    ("AGT-06", "/home/admin/.ansible/tmp/x", "x"),
    ("AGT-06", "/var/lib/amazon/toe/TOE_2026/console.log", "x"),
];

#[test]
fn each_place_fails_and_is_mended() {
    for (id, path, text) in MENDED {
        let fixture = Fixture::debian();
        fixture.openssh("9.2p1");
        assert_eq!(judged(&fixture.image(), id).status, Status::Pass, "{id} before");
        fixture.file(path, text);
        let finding = judged(&fixture.image(), id);
        assert_eq!(finding.status, Status::Fail, "{id} {path}");
        let is_it = |seen: &Observation| seen.path.as_ref().is_some_and(|seen| Path::new(path).starts_with(seen));
        assert!(finding.observations.iter().all(is_it), "{id} {finding:?}");
        mended(&fixture.image(), id);
    }
}

/// Guideline, path, content that is for a person.
const BY_HAND: &[(&str, &str, &str)] = &[
    ("SEC-06", "/var/lib/docker/swarm/docker-state.json", "{}"),
    ("SEC-07", "/etc/kubernetes/admin.conf", "apiVersion: v1\n"),
    ("SEC-07", "/etc/rancher/k3s/config.yaml", "server: https://a\ntoken: x\n"),
    ("SEC-11", "/etc/sssd/sssd.conf", "[domain/a]\nid_provider = ad\n"),
    ("SEC-11", "/etc/nslcd.conf", "binddn cn=a\nbindpw x\n"),
    ("SEC-12", "/etc/mysql/debian.cnf", "[client]\nuser = debian-sys-maint\npassword = x\n"),
    (
        "SEC-12",
        "/etc/tomcat9/tomcat-users.xml",
        "<tomcat-users>\n <user username=\"a\" password=\"b\"/>\n</tomcat-users>\n",
    ),
    ("SEC-12", "/etc/redis/redis.conf", "requirepass x\n"),
    ("SEC-12", "/etc/grafana/grafana.ini", "[security]\nadmin_password = admin\n"),
    ("SEC-12", "/var/lib/jenkins/secrets/master.key", "x"),
    ("SEC-12", "/etc/postgresql/15/main/pg_hba.conf", "host all all 0.0.0.0/0 trust\n"),
    ("SEC-12", "/etc/postgresql/15/main/pg_hba.conf", "host all all 0.0.0.0/0 trust # dev\n"),
    ("SEC-12", "/var/www/blog/wp-config.php", "<?php\ndefine( 'AUTH_KEY', 'x' );\n"),
    ("SEC-16", "/etc/SUSEConnect", "---\n"),
    ("SEC-16", "/var/lib/ubuntu-advantage/private/machine-token.json", "{}"),
    ("SEC-18", "/etc/wireguard/wg0.conf", "[Interface]\n"),
    ("SEC-18", "/etc/ipsec.secrets", "%any %any : PSK \"x\"\n"),
    ("SEC-18", "/etc/munge/munge.key", "x"),
    ("SEC-18", "/etc/consul.d/consul.hcl", "encrypt = \"x\"\n"),
    ("SEC-19", "/etc/datadog-agent/datadog.yaml", "api_key: abc\n"),
    ("SEC-19", "/var/ossec/etc/client.keys", "001 a any b\n"),
    ("SEC-21", "/etc/crypttab", "data UUID=1 /etc/keys/data luks\n"),
    ("SEC-21", "/etc/credstore.encrypted/db", "x"),
    ("AGT-04", "/opt/aws/awsagent/bin/awsagent", "x"),
    ("AGT-06", "/opt/cinc/bin/cinc-client", "x"),
];

#[test]
fn what_a_program_must_not_decide_is_left_to_a_person() {
    for (id, path, text) in BY_HAND {
        let fixture = Fixture::debian();
        fixture.file(path, text);
        assert_eq!(judged(&fixture.image(), id).status, Status::Fail, "{id} {path}");
        let remedy = remedy_of(&fixture.image(), id);
        assert!(matches!(remedy, Some(Remedy::ByHand(_))), "{id} {path}: {remedy:?}");
    }
}

/// What distributions ship, or what is there and gives nothing away.
const HARMLESS: &[(&str, &str)] = &[
    ("/etc/fstab", "UUID=1 / ext4 discard,errors=remount-ro 0 1\n# //nas/a /mnt cifs password=x 0 0\n"),
    ("/etc/crypttab", "# <name> <device> <key> <options>\nswap /dev/sdb /dev/urandom swap\nroot UUID=1 none luks\n"),
    ("/etc/ppp/pap-secrets", "# INBOUND\n*\thostname\t\"\"\t*\nguest\thostname\t\"*\"\t-\n"),
    ("/etc/exim4/passwd.client", "# password file used when the local exim is authenticating\n"),
    ("/etc/iscsi/iscsid.conf", "#node.session.auth.password = password\nnode.startup = manual\n"),
    ("/etc/snmp/snmpd.conf", "rocommunity  public default -V systemonly\ncom2sec notConfigUser  default  public\n"),
    ("/etc/ipsec.secrets", "# This file holds shared secrets\ninclude /etc/ipsec.d/*.secrets\n"),
    ("/etc/apt/sources.list", "deb http://deb.debian.org/debian bookworm main\n"),
    ("/etc/apt/apt.conf.d/00proxy", "Acquire::http::Proxy \"http://10.0.0.1:3128\";\n"),
    (
        "/etc/yum.repos.d/redhat-rhui.repo",
        "[rhui]\nsslclientkey=/etc/pki/rhui/content-rhel8.key\nsslclientcert=/etc/pki/rhui/product/content.crt\n",
    ),
    ("/etc/pki/rhui/content-rhel8.key", "x"),
    (
        "/etc/yum.repos.d/amazonlinux.repo",
        "[amazonlinux]\nmirrorlist=https://al2023-repos-$awsregion-de612dc2.s3.dualstack.$awsregion.$awsdomain/core/mirrors/x/$basearch/mirror.list\n",
    ),
    ("/root/.docker/config.json", "{\"credHelpers\": {\"123.dkr.ecr.us-east-1.amazonaws.com\": \"ecr-login\"}}\n"),
    ("/home/admin/.npmrc", "//registry.npmjs.org/:_authToken=${NPM_TOKEN}\nprefix=/usr\n"),
    (
        "/opt/app/.git/config",
        "[remote \"origin\"]\n\turl = https://github.com/acme/app.git\n\turl = git@github.com:acme/app.git\n",
    ),
    (
        "/var/cache/debconf/passwords.dat",
        "Name: passwd/root-password\nTemplate: passwd/root-password\nOwners: passwd\nValue:\n",
    ),
    ("/etc/sssd/sssd.conf", "[domain/local]\nid_provider = files\n"),
    ("/var/lib/sss/db/cache_implicit_files.ldb", "x"),
    ("/var/lib/rhsm/productid.js", "{}"),
    ("/etc/regionserverclnt.cfg", "[server]\n"),
    ("/etc/.pwd.lock", ""),
    ("/var/lib/dpkg/status-old", "x"),
    ("/var/backups/dpkg.status.0", "x"),
    ("/etc/nsswitch.conf.bak", "passwd: files\n"),
    ("/etc/xml/catalog.old", "<catalog/>\n"),
    ("/root/.cargo/registry/src/x/cc-1.0.0/Cargo.toml.orig", "[package]\n"),
    ("/etc/containerd/config.toml", "version = 2\n[plugins]\n"),
    ("/etc/gitlab-runner/config.toml", "concurrent = 1\ncheck_interval = 0\n"),
    ("/etc/ecs/ecs.config", "ECS_BACKEND_HOST=\nECS_CLUSTER=default\n"),
    ("/etc/NetworkManager/system-connections/eth0.nmconnection", "[connection]\nid=eth0\ntype=ethernet\n"),
    ("/etc/newrelic-infra.yml", "license_key:\n"),
    ("/etc/kubernetes/kubelet/kubelet-config.json", "{}"),
    ("/var/lib/kubelet/kubeconfig", "apiVersion: v1\n"),
    (
        "/etc/mysql/debian.cnf",
        "[client]\nhost = localhost\nuser = root\npassword =\nsocket = /run/mysqld/mysqld.sock\n",
    ),
    (
        "/etc/tomcat9/tomcat-users.xml",
        "<?xml version=\"1.0\"?>\n<tomcat-users>\n<!--\n  <user username=\"a\" password=\"b\"/>\n-->\n<!-- <user password=\"\"/> -->\n</tomcat-users>\n",
    ),
    ("/etc/redis/redis.conf", "# requirepass foobared\nbind 127.0.0.1 -::1\n"),
    ("/etc/grafana/grafana.ini", "[security]\n;admin_password = admin\n"),
    (
        "/etc/postgresql/15/main/pg_hba.conf",
        "local all postgres peer\nhost all all ::1/128 scram-sha-256\nhost all all ::1/128 trust\n",
    ),
    ("/opt/aws/amazon-cloudwatch-agent/etc/common-config.toml", "# [proxy]\n#    http_proxy = \"{http_url}\"\n"),
];

#[test]
fn what_distributions_ship_passes() {
    let fixture = Fixture::debian();
    fixture.openssh("9.2p1");
    for (path, text) in HARMLESS {
        fixture.file(path, text);
    }
    for directory in
        ["/var/lib/docker/swarm", "/etc/wireguard", "/var/lib/amazon/ssm", "/etc/pki/entitlement", "/etc/credstore"]
    {
        fixture.directory(directory);
    }
    let image = fixture.image();
    let ids = MENDED.iter().chain(BY_HAND).map(|(id, ..)| *id).collect::<std::collections::BTreeSet<_>>();
    for id in ids {
        let finding = judged(&image, id);
        assert_eq!(finding.status, Status::Pass, "{id}: {finding:#?}");
    }
}

#[test]
fn data_that_only_a_person_can_judge_is_shown_and_not_failed() {
    let fixture = Fixture::debian();
    fixture.directory("/var/lib/mysql/mysql");
    let finding = judged(&fixture.image(), "SEC-12");
    assert_eq!(finding.status, Status::Attest);
    assert_eq!(finding.observations, [Observation::at("/var/lib/mysql/mysql").text("a directory")]);
}

#[test]
fn of_a_file_that_may_stay_only_the_secret_goes() {
    let fixture = Fixture::debian();
    fixture.file("/etc/yum.repos.d/a.repo", b"[a]\r\nbaseurl=https://u:p@h/x\r\npassword = b\r\nenabled=1\xff\r\n");
    let after = mended(&fixture.image(), "SEC-15");
    let left = after.read("/etc/yum.repos.d/a.repo".as_ref()).unwrap().unwrap();
    assert_eq!(left, b"[a]\r\nbaseurl=https://h/x\r\nenabled=1\xff\r\n");
}

#[test]
fn the_removed_secrets_are_never_shown() {
    for (id, path, text) in MENDED {
        let fixture = Fixture::debian();
        fixture.file(path, text);
        let Some(Remedy::Changes(changes)) = remedy_of(&fixture.image(), id) else { panic!("{id} {path}") };
        // Neither name nor content says that there is anything in these, and an id is no secret.
        if [
            "/etc/insights-client/machine-id",
            "/etc/app/app.conf~",
            "/etc/ssh/sshd_config.rpmsave",
            "/etc/cloud/cloud.cfg.d/99-installer.cfg",
        ]
        .contains(path)
        {
            continue;
        }
        for change in &changes {
            let Change::Path { before: Some(Node::File(_)), secret, .. } = change else { continue };
            assert!(secret, "{id} {path}");
        }
    }
}
