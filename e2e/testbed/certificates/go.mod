module mooring.test/testbed/certificates

go 1.26.0
