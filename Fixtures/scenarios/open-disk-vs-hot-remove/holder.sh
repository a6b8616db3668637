# Opens the disk for writing, and closes it: what it has written back goes through the driver.
exec 3> $1/dev/zram0
exec 3>&-
