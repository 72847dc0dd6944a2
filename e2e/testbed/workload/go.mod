module mooring.test/testbed/workload

go 1.26.0
