"""Real hosts, with systemd as process 1, and the fleet that the playbooks make of them."""
