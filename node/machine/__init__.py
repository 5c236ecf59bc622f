"""What this project asks of the machine below it: systemd, the process table, other programs."""
