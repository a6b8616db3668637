# Writes the plain variable.
echo 5 > $1/test_sysfs0/test_dev_x
