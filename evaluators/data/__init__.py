"""What is measured on: data of a task, from where they lie to the samples and labels that a run may use."""
