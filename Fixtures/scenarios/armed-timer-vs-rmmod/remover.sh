# Removes the module.
echo fsl_mpic_timer_wakeup > $1/debug/delete_module
