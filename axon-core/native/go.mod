module axonipc.io/axon

go 1.19
