// The seam of the simulated kernel; see Kernel.swift.
