# Loads the module.
echo fsl_mpic_timer_wakeup > $1/debug/init_module
