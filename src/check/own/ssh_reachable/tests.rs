use super::*;
use crate::check::trial::judged;
use crate::image::fixture::Fixture;

fn server(config: &str) -> Fixture {
    let fixture = Fixture::debian();
    fixture.openssh("9.2p1").cloud_init("admin").file("/etc/ssh/sshd_config", config);
    fixture
}

fn starting(unit: &str) -> Fixture {
    let fixture = server("Port 22\n");
    let path = format!("/usr/lib/systemd/system/{unit}");
    fixture
        .file(&path, "[Install]\nWantedBy=multi-user.target\n")
        .link(&format!("/etc/systemd/system/multi-user.target.wants/{unit}"), &path);
    fixture
}

fn status(fixture: &Fixture) -> Status {
    judged(&fixture.image(), "SSH-08").status
}

#[test]
fn networks() {
    let net = Net::of([10, 2]);
    for whole in ["0.0.0.0/0", "0/0", "10.0.0.0/8", "10.2.0.0/16", "10.2.9.9/255.255.0.0"] {
        assert_eq!(net.within(whole), Some(Overlap::Whole), "{whole}");
    }
    assert_eq!(net.within("10.2.0.0/17"), Some(Overlap::Part));
    assert_eq!(net.within("10.2.0.1"), Some(Overlap::Part));
    assert_eq!(net.within("192.168.0.0/16"), Some(Overlap::None));
    assert_eq!(net.within("example.com"), None);
    assert_eq!(net.within("10.0.0.0/99"), None);
}

#[test]
fn sshds_own_lists_and_addresses() {
    for config in
        ["\n", "ListenAddress 0.0.0.0\n", "AllowUsers admin@10.*\n", "AllowUsers admin\n", "ListenAddress ::\n"]
    {
        assert_eq!(status(&server(config)), Status::Pass, "{config}");
    }
    for config in [
        "ListenAddress 127.0.0.1\n",
        "AllowUsers admin@192.0.2.*\n",
        "AllowUsers admin@10.0.0.0/16\n",
        "DenyUsers *@10.2.*\n",
        "Match Address 10.0.0.0/8\nAllowUsers admin@192.0.2.1\n",
    ] {
        assert_eq!(status(&server(config)), Status::Fail, "{config}");
    }
    assert_eq!(status(&Fixture::debian()), Status::NotApplicable);
}

#[test]
fn wrappers_count_allow_before_deny() {
    let fixture = server("\n");
    fixture.file("/etc/hosts.deny", "# ALL: ALL\nvsftpd: ALL\n");
    assert_eq!(status(&fixture), Status::Pass);
    fixture.file("/etc/hosts.deny", "ALL: ALL\n");
    assert_eq!(status(&fixture), Status::Fail);
    fixture.file("/etc/hosts.allow", "sshd: .example.com\n");
    assert_eq!(status(&fixture), Status::Unknown);
    fixture.file("/etc/hosts.allow", "sshd: ALL\n");
    assert_eq!(status(&fixture), Status::Pass);
}

#[test]
fn ufw_is_read_by_its_tuples() {
    let fixture = starting("ufw.service");
    fixture.file("/etc/ufw/ufw.conf", "ENABLED=yes\n").file("/etc/default/ufw", "DEFAULT_INPUT_POLICY=\"DROP\"\n");
    assert_eq!(status(&fixture), Status::Fail);
    let rules = |text: &str| {
        fixture.file("/etc/ufw/user.rules", text);
        status(&fixture)
    };
    assert_eq!(rules("### tuple ### allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 OpenSSH - in\n"), Status::Pass);
    assert_eq!(rules("### tuple ### limit any 20:25 0.0.0.0/0 any 10.0.0.0/8 in\n"), Status::Pass);
    assert_eq!(rules("### tuple ### allow tcp 22 0.0.0.0/0 any 10.0.0.0/16 in\n"), Status::Fail);
    assert_eq!(rules("### tuple ### allow tcp 80 0.0.0.0/0 any 0.0.0.0/0 in\n"), Status::Fail);
    fixture.file("/etc/ufw/ufw.conf", "ENABLED=no\n");
    assert_eq!(status(&fixture), Status::Pass);
}

#[test]
fn firewalld_is_read_by_its_default_zone() {
    let fixture = starting("firewalld.service");
    assert_eq!(status(&fixture), Status::Unknown);
    let zone = |text: &str| {
        fixture.file("/usr/lib/firewalld/zones/public.xml", text);
        status(&fixture)
    };
    assert_eq!(zone("<zone><service name=\"ssh\"/></zone>"), Status::Pass);
    assert_eq!(zone("<zone><service name=\"http\"/></zone>"), Status::Fail);
    assert_eq!(zone("<zone><port protocol=\"tcp\" port=\"22\"/></zone>"), Status::Pass);
    assert_eq!(zone("<zone><rule family=\"ipv4\"><service name=\"ssh\"/></rule></zone>"), Status::Unknown);
    fixture.file("/etc/firewalld/firewalld.conf", "DefaultZone=open\n");
    fixture.file("/etc/firewalld/zones/open.xml", "<zone target=\"ACCEPT\"></zone>");
    assert_eq!(status(&fixture), Status::Pass);
}

#[test]
fn iptables_rules_are_followed_in_order() {
    let fixture = starting("netfilter-persistent.service");
    let rules = |text: &str| {
        fixture.file("/etc/iptables/rules.v4", format!("*filter\n{text}COMMIT\n"));
        status(&fixture)
    };
    let usual = "-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT\n-A INPUT -p icmp -j ACCEPT\n-A INPUT -i lo -j ACCEPT\n";
    let ssh = "-A INPUT -p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT\n";
    let end = "-A INPUT -j REJECT --reject-with icmp-host-prohibited\n";
    assert_eq!(rules(&format!(":INPUT ACCEPT [0:0]\n{usual}{ssh}{end}")), Status::Pass);
    assert_eq!(rules(&format!(":INPUT ACCEPT [0:0]\n{usual}{end}{ssh}")), Status::Fail);
    assert_eq!(rules(&format!(":INPUT DROP [0:0]\n{usual}")), Status::Fail);
    assert_eq!(rules(":INPUT ACCEPT [0:0]\n"), Status::Pass);
    assert_eq!(rules(":INPUT DROP [0:0]\n-A INPUT -s 192.0.2.0/24 -p tcp --dport 22 -j ACCEPT\n"), Status::Fail);
    assert_eq!(rules(":INPUT DROP [0:0]\n-A INPUT -m set --match-set ok src -j ACCEPT\n"), Status::Unknown);
    assert_eq!(rules(":INPUT DROP [0:0]\n-A INPUT -j f2b-sshd\n"), Status::Unknown);
}

#[test]
fn nftables_is_followed_only_where_it_is_plain() {
    let fixture = starting("nftables.service");
    let rules = |text: &str| {
        let body = format!("table inet filter {{\nchain input {{\n{text}}}\n}}\n");
        fixture.file("/etc/nftables.conf", body);
        status(&fixture)
    };
    let drop = "type filter hook input priority 0; policy drop;\n";
    assert_eq!(rules("type filter hook input priority filter;\n"), Status::Pass);
    assert_eq!(rules(drop), Status::Fail);
    assert_eq!(rules(&format!("{drop}tcp dport 22 accept\n")), Status::Pass);
    assert_eq!(rules(&format!("{drop}tcp dport {{ 80, ssh, 443 }} accept\n")), Status::Pass);
    assert_eq!(rules(&format!("{drop}ip saddr 192.0.2.0/24 tcp dport 22 accept\n")), Status::Unknown);
    assert_eq!(rules(&format!("{drop}tcp dport 222 accept\n")), Status::Fail);
}

#[test]
fn rules_that_cannot_be_read_are_unknown() {
    let fixture = server("\n");
    fixture.fifo("/etc/hosts.deny");
    assert_eq!(status(&fixture), Status::Unknown);
}

#[test]
fn a_socket_that_listens_on_the_loop_back_only_shuts_the_door() {
    let fixture = server("ListenAddress 127.0.0.1\n");
    let path = "/usr/lib/systemd/system/ssh.socket";
    fixture.file(path, "[Socket]\nListenStream=22\n[Install]\nWantedBy=sockets.target\n");
    fixture.link("/etc/systemd/system/sockets.target.wants/ssh.socket", path);
    assert_eq!(status(&fixture), Status::Pass, "sshd's own address has no effect");
    fixture.file("/etc/systemd/system/ssh.socket.d/x.conf", "[Socket]\nListenStream=\nListenStream=127.0.0.1:22\n");
    let finding = judged(&fixture.image(), "SSH-08");
    assert_eq!((finding.status, finding.observations[0].line), (Status::Fail, Some(3)));
}
