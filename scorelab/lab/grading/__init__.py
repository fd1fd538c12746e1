"""`python -m scorelab lab grade FOLDER`: the lab's checks on a folder of submissions.

- `command` is what the user types, `folder` finds the submissions, `running` starts a process for
  each and reads what it reports, `table` prints it. None of them loads torch.
- Inside that process `process` comes first. It divides in two: `supervision` watches and ends the
  other half, which `confinement` locks in before `submission` runs the cells that `cells` has read.
"""
