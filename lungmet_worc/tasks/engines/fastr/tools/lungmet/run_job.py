"""What both tools run: the tasks of one job."""

from lungmet_worc.tasks.engines.fastr.job import main

if __name__ == "__main__":
    main()
