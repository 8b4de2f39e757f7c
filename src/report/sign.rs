//! Signing `report.json` as bytes (SSHSIG, OpenSSH's PROTOCOL.sshsig), namespace `seaworthy-report`, by an agent or by
//! `ssh-keygen`. No private key is ever read.
