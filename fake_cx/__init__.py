"""Emulated vCloud Director Extender: cloud service, Replication Manager (CCM), replicator (CCE), connector.

How the room is laid out: `config` is what an administrator typed, `settings` every figure that no document
gives, `endpoints` the rule for Public Endpoint URLs. Each appliance has a file that puts it together
(`cloud_service`, `replication_manager`, `replicator`, `connector`), `*_api` files with its urls, `*_client`
files for whom it calls, and its model in between (`manager_*`, `replicator_*`, `migration*`, `cutover`,
`mobility`). `wire` and `outgoing` are HTTP in and out, `errors` the H4 error objects, `dataplane` the seam to
whatever moves the bytes. Facts: cx.md; what is inferred: docs/inferred-api.md.
"""
