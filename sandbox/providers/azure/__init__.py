"""The simulated `azure-native` provider: every type is an entry of the state file, checked as Azure Resource Manager would."""
