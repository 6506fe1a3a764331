module axonipc.io/samples/go-gateway

go 1.19

require axonipc.io/axon v0.1.0

replace axonipc.io/axon => ../../../axon-core/native
